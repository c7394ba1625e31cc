-- | What the app says, and how far a name is from the usual one.
module Greeting (greeting) where

import Data.Algorithm.Diff (Diff, PolyDiff (..), getDiff)

greeting :: String -> String
greeting name = "Hello, " ++ name ++ "! You are " ++ show (distance name "World") ++ " letters from the World."

distance :: String -> String -> Int
distance one other = length (filter changed (getDiff one other))

changed :: Diff a -> Bool
changed (Both _ _) = False
changed _ = True
