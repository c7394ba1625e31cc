module Main (main) where

import Templates (page)

main :: IO ()
main = page >>= putStr
