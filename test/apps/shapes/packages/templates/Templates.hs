module Templates (page) where

import Paths_templates (getDataFileName)

page :: IO String
page = getDataFileName "page.txt" >>= readFile
