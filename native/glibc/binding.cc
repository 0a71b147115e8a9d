// What glibc 2.38 added for C23's reading of numbers ("0b…"), for prebuilt addons that were linked against it and run
// on an older one. Nothing that uses them here reads a binary literal, so the old functions serve. They are found only
// when this addon is loaded with RTLD_GLOBAL.
#include <node_api.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

// On a glibc that has them itself, <cstdlib> maps strtol to these very names: defining them would never return.
#if !__GLIBC_PREREQ(2, 38)

#define SHOWN extern "C" __attribute__((visibility("default")))

SHOWN long __isoc23_strtol(const char* text, char** end, int base) { return strtol(text, end, base); }

SHOWN unsigned long __isoc23_strtoul(const char* text, char** end, int base) { return strtoul(text, end, base); }

SHOWN unsigned long long __isoc23_strtoull(const char* text, char** end, int base) {
  return strtoull(text, end, base);
}

SHOWN int __isoc23_sscanf(const char* text, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int converted = vsscanf(text, format, arguments);
  va_end(arguments);
  return converted;
}

#endif

NAPI_MODULE_INIT() { return exports; }
