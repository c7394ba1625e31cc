module Main (main) where

import Greeter (greeting)

main :: IO ()
main = putStrLn greeting
