"""An app of many modules, as apps are that people push: made of scotty-web, with the same packages."""

GROUPS, MEMBERS = 8, 5

SHARED = """{{-# LANGUAGE DeriveGeneric #-}}
module Group{group} (Item{group} (..), total{group}) where

import Data.Aeson (FromJSON, ToJSON)
import GHC.Generics (Generic)

data Item{group} = Item{group}
  {{ name{group} :: String
  , count{group} :: Int
  , price{group} :: Double
  , tags{group} :: [String]{more}
  }}
  deriving (Eq, Generic, Ord, Read, Show)

instance FromJSON Item{group}
instance ToJSON Item{group}

total{group} :: [Item{group}] -> Double
total{group} items = sum [fromIntegral (count{group} item) * price{group} item | item <- items]
"""

MEMBER = """{{-# LANGUAGE DeriveGeneric #-}}
module Order{number} (Order{number} (..), worth{number}) where

import Data.Aeson (FromJSON, ToJSON)
import GHC.Generics (Generic)
import Group{group}

data State{number} = Open{number} | Paid{number} String Int | Sent{number} {{ to{number} :: String, on{number} :: (Int, Int, Int) }}
  deriving (Eq, Generic, Ord, Read, Show)

data Order{number} = Order{number}
  {{ customer{number} :: String
  , items{number} :: [Item{group}]
  , state{number} :: State{number}
  , notes{number} :: Maybe [String]
  }}
  deriving (Eq, Generic, Ord, Read, Show)

instance FromJSON State{number}
instance ToJSON State{number}
instance FromJSON Order{number}
instance ToJSON Order{number}

worth{number} :: Order{number} -> Double
worth{number} order = case state{number} order of
  Open{number} -> 0
  _ -> total{group} (items{number} order)
"""


def modules():
    """Their names."""
    return ([f"Group{group}" for group in range(GROUPS)] +
            [f"Order{group * MEMBERS + member}" for group in range(GROUPS) for member in range(MEMBERS)])


def write_shared(source, group, more=""):
    """A module that five others import. `more` are fields of its record, as ", field :: Type"."""
    (source / "src" / f"Group{group}.hs").write_text(SHARED.format(group=group, more=more))


def grow(source):
    """Adds the modules to a scotty-web that was checked out, and serves what they have."""
    for group in range(GROUPS):
        write_shared(source, group)
        for member in range(MEMBERS):
            number = group * MEMBERS + member
            (source / "src" / f"Order{number}.hs").write_text(MEMBER.format(number=number, group=group))
    description = source / "scotty-web.cabal"
    text = description.read_text().replace("other-modules:    Port", "other-modules:    " + ", ".join(["Port"] + modules()))
    description.write_text(text.replace("scotty-web", "scotty-large"))
    description.rename(source / "scotty-large.cabal")
    main = source / "app" / "Main.hs"
    orders = range(GROUPS * MEMBERS)
    imports = "".join(f"import Order{number}\n" for number in orders)
    served = "".join(f'    post "/{number}" $ (jsonData :: ActionM Order{number}) >>= json . worth{number}\n' for number in orders)
    text = main.read_text().replace("import Port", imports + "import Port")
    main.write_text(text.replace("import Web.Scotty (get,", "import Web.Scotty (ActionM, get, jsonData, post,") + served)
