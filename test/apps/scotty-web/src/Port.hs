-- | Where to listen.
module Port (findPort) where

import System.Environment (lookupEnv)

-- | What the variable PORT says.
findPort :: IO Int
findPort = maybe 8080 read <$> lookupEnv "PORT"
