-- | A web server that repeats the path's words, on the port that PORT names.
module Main (main) where

import Control.Exception (SomeException, finally, try)
import Control.Monad (forever, void)
import Data.List.Split (splitOn)
import Network.HTTP (Header (..), HeaderName (..), Request (..), Response (..), receiveHTTP, respondHTTP)
import Network.Socket hiding (close)
import Network.TCP (HandleStream, close, socketConnection)
import Network.URI (unEscapeString, uriPath)
import System.Environment (lookupEnv)

main :: IO ()
main = do
  port <- maybe 8080 read <$> lookupEnv "PORT"
  listener <- socket AF_INET Stream defaultProtocol
  setSocketOption listener ReuseAddr 1
  bind listener (SockAddrInet (fromIntegral (port :: Int)) 0)
  listen listener 64
  forever $ do
    (connection, _) <- accept listener
    void (try (serve connection) :: IO (Either SomeException ()))

serve :: Socket -> IO ()
serve connection = do
  stream <- socketConnection "client" 0 connection :: IO (HandleStream String)
  flip finally (close stream) $ do
    request <- receiveHTTP stream
    either (const (return ())) (respondHTTP stream . answer) request

answer :: Request String -> Response String
answer request = Response (2, 0, 0) "OK" [Header HdrContentLength (show (length body)), Header HdrConnection "close"] body
  where
    body = unwords ("Hello again:" : filter (not . null) (splitOn "/" (unEscapeString (uriPath (rqURI request))))) ++ "\n"
