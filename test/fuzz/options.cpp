// Values of options: the first byte chooses one.
#include "options/options.h"

#include "fuzz.h"

HALCYON_FUZZ(options, text) {
  if (text.empty()) return;
  const auto table = halcyon::option_table();
  const halcyon::Option& option = table[static_cast<unsigned char>(text[0]) % table.size()];
  halcyon::checked_value(option, text.substr(1), "fuzz");
}
