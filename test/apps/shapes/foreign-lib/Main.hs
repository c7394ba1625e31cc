{-# LANGUAGE ForeignFunctionInterface #-}
module Main (main) where

import Foreign.C.String (CString, peekCString)

foreign import ccall "zlibVersion" zlibVersion :: IO CString

main :: IO ()
main = zlibVersion >>= peekCString >>= putStrLn . ("zlib " ++)
