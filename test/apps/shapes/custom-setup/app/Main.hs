module Main (main) where

import Greeting (greeting)
import Paths_custom_setup (getDataFileName)

main :: IO ()
main = do
  putStrLn greeting
  getDataFileName "share/note.txt" >>= readFile >>= putStr
