{-# LANGUAGE CPP #-}
module Main (main) where

#ifdef NATIVE
import Foreign.C.String (CString, peekCString)

foreign import ccall "native_version" nativeVersion :: IO CString
#endif

main :: IO ()
main = do
#ifdef SHOUT
  putStrLn "HELLO"
#else
  putStrLn "hello"
#endif
#ifdef NATIVE
  nativeVersion >>= peekCString >>= putStrLn
#endif
