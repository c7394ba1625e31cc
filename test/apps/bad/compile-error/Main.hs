module Main (main) where

main :: IO ()
main = putStrLn (length "this is a number, not a text")
