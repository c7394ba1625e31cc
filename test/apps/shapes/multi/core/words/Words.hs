module Words (commaSeparated) where

commaSeparated :: String
commaSeparated = "from,an,internal,library"
