-- A preprocessor for GHC's -F: original, input, output.
module Main (main) where

import Data.List (intercalate)
import Data.List.Split (splitOn)
import System.Environment (getArgs)

main :: IO ()
main = do
  [_, input, output] <- getArgs
  text <- readFile input
  writeFile output (intercalate "The build tool" (splitOn "WHO" text))
