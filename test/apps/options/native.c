#include <utf8proc.h>

const char *native_version(void) { return utf8proc_version(); }
