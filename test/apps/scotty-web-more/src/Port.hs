-- | Where to listen.
module Port (findPort) where

import Options.Applicative
import System.Environment (lookupEnv)

-- | What the option --port says, or else the variable PORT.
findPort :: IO Int
findPort = do
  variable <- maybe 8080 read <$> lookupEnv "PORT"
  execParser (info (helper <*> option auto (long "port" <> metavar "PORT" <> value variable)) fullDesc)
