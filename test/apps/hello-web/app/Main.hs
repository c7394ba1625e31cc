-- | A web server that greets: GET / and GET /hello/NAME, on the port that PORT names.
module Main (main) where

import Control.Concurrent (forkIO)
import Control.Exception (SomeException, finally, try)
import Control.Monad (forever, void)
import Data.List.Split (splitOn)
import Network.HTTP (Header (..), HeaderName (..), Request (..), RequestMethod (..), Response (..))
import Network.HTTP (receiveHTTP, respondHTTP)
import Network.Socket hiding (close)
import Network.TCP (HandleStream, close, socketConnection)
import Network.URI (unEscapeString, uriPath)
import System.Environment (lookupEnv)
import System.IO (BufferMode (..), hSetBuffering, stdout)

import Greeting (greeting)
import Page (page)
import Paths_hello_web (getDataFileName)

main :: IO ()
main = do
  hSetBuffering stdout LineBuffering
  port <- maybe 8080 read <$> lookupEnv "PORT"
  listener <- socket AF_INET Stream defaultProtocol
  setSocketOption listener ReuseAddr 1
  bind listener (SockAddrInet (fromIntegral port) 0)
  listen listener 64
  putStrLn ("hello-web listens on port " ++ show (port :: Int))
  forever $ do
    (connection, _) <- accept listener
    void (forkIO (void (try (serve connection) :: IO (Either SomeException ()))))

serve :: Socket -> IO ()
serve connection = do
  stream <- socketConnection "client" 0 connection :: IO (HandleStream String)
  flip finally (close stream) $ do
    request <- receiveHTTP stream
    either (const (return ())) (\r -> answer r >>= respondHTTP stream) request

answer :: Request String -> IO (Response String)
answer request
  | rqMethod request /= GET = return (response (4, 0, 5) "Method Not Allowed" "")
  | otherwise = case filter (not . null) (splitOn "/" (uriPath (rqURI request))) of
      [] -> greet "World"
      ["hello", name] -> greet (unEscapeString name)
      _ -> return (response (4, 0, 4) "Not Found" (page "Nothing here" ""))
  where
    greet name = do
      motd <- getDataFileName "data/motd.txt" >>= readFile
      return (response (2, 0, 0) "OK" (page (greeting name) motd))

response :: (Int, Int, Int) -> String -> String -> Response String
response code reason body = Response code reason headers body
  where
    headers =
      [ Header HdrContentType "text/html; charset=utf-8"
      , Header HdrContentLength (show (length body))
      , Header HdrConnection "close"
      ]
