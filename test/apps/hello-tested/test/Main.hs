-- | Tells what it sees, for the story that runs it; in TAP, which Heroku CI reads.
module Main (main) where

import Control.Monad (forM_, unless)
import Data.List.Split (splitOn)
import System.Environment (getEnvironment, lookupEnv)
import System.Exit (exitFailure)

import Greeting (greeting)
import Paths_hello_tested (getDataFileName)

main :: IO ()
main = do
  names <- getDataFileName "data/names.txt" >>= readFile
  let expected = ["Hello, " ++ name ++ "!" | name <- splitOn "," (concat (lines names))]
      found = map greeting (splitOn "," "World,Haskell")
  putStrLn "1..2"
  forM_ (zip3 [1 :: Int ..] expected found) $ \(number, e, f) ->
    putStrLn ((if e == f then "ok " else "not ok ") ++ show number ++ " - " ++ f)
  database <- lookupEnv "DATABASE_URL"
  putStrLn ("# DATABASE_URL: " ++ maybe "none" id database)
  environment <- getEnvironment
  putStrLn ("# ours: " ++ unwords [name | (name, _) <- environment, take 8 name == "HALCYON_"])
  unless (expected == found) exitFailure
