#include "fuzz.h"
#include "net/git.h"

HALCYON_FUZZ(git_url, text) { halcyon::GitUrl::parse(text); }
