-- | How the app looks.
module Page (page) where

page :: String -> String -> String
page title text =
  unlines
    [ "<!DOCTYPE html>"
    , "<title>" ++ escape title ++ "</title>"
    , "<h1>" ++ escape title ++ "</h1>"
    , "<p>" ++ escape text ++ "</p>"
    ]

escape :: String -> String
escape = concatMap entity
  where
    entity '<' = "&lt;"
    entity '>' = "&gt;"
    entity '&' = "&amp;"
    entity c | c > '\DEL' = "&#" ++ show (fromEnum c) ++ ";"
    entity c = [c]
