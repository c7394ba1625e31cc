{-# LANGUAGE OverloadedStrings #-}
-- | A web server: a page at /, JSON at /greeting.
module Main (main) where

import Data.Aeson (object, (.=))
import Network.Wai.Middleware.RequestLogger (logStdout)
import Text.Blaze.Html.Renderer.Text (renderHtml)
import qualified Text.Blaze.Html5 as H
import Web.Scotty (get, html, json, middleware, scotty)

import Port (findPort)

main :: IO ()
main = do
  port <- findPort
  scotty port $ do
    middleware logStdout
    get "/" $ html $ renderHtml $ H.docTypeHtml $ do
      H.head $ H.title "scotty-web"
      H.body $ H.h1 "Hello from scotty"
    get "/greeting" $ json $ object ["greeting" .= ("Hello" :: String)]
