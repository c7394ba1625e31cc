module Main (main) where

import Core (coreFile, sentence)
import Paths_multi_web (getDataFileName)

main :: IO ()
main = do
  putStrLn sentence
  coreFile >>= putStr
  getDataFileName "pages/web.txt" >>= readFile >>= putStr
