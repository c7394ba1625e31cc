module Main (main) where

main :: IO ()
main = putStrLn "the other executable"
