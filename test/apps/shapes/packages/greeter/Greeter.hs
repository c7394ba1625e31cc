module Greeter (greeting) where

import Data.List.Split (splitOn)

greeting :: String
greeting = unwords (splitOn "," "greetings,from,git")
