{-# LANGUAGE CPP #-}
module Core (sentence, coreFile) where

import Data.List.Split (splitOn)
import Paths_multi_core (getDataFileName)
import Words (commaSeparated)

sentence :: String
#ifdef LOUD
sentence = unwords (splitOn "," commaSeparated) ++ "!"
#else
sentence = unwords (splitOn "," commaSeparated)
#endif

coreFile :: IO String
coreFile = getDataFileName "share/core.txt" >>= readFile
