-- | What the app says.
module Greeting (greeting) where

greeting :: String -> String
greeting name = "Hello, " ++ name ++ "!"
