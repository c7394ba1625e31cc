-- Makes a module out of a text; with a package of its own.
import Data.List.Split (splitOn)
import Distribution.Simple
import Distribution.Simple.BuildPaths (autogenComponentModulesDir)
import Distribution.Simple.LocalBuildInfo (allComponentsInBuildOrder)
import System.Directory (createDirectoryIfMissing)

main :: IO ()
main = defaultMainWithHooks simpleUserHooks
  { buildHook = \package build hooks flags -> do
      text <- readFile "greeting.in"
      let dirs = map (autogenComponentModulesDir build) (allComponentsInBuildOrder build)
          greeting = unwords (splitOn "_" (head (lines text)))
      mapM_ (createDirectoryIfMissing True) dirs
      mapM_ (\dir -> writeFile (dir ++ "/Greeting.hs")
        ("module Greeting where\ngreeting :: String\ngreeting = " ++ show greeting ++ "\n")) dirs
      buildHook simpleUserHooks package build hooks flags
  }
