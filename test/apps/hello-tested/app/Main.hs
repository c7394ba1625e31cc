module Main (main) where

import Greeting (greeting)

main :: IO ()
main = putStrLn (greeting "World")
