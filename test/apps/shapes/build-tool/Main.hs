{-# OPTIONS_GHC -F -pgmF shape-tool #-}
module Main (main) where

main :: IO ()
main = putStrLn "WHO made this?"
