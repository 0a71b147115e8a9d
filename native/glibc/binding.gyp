{
  "targets": [
    {
      "target_name": "glibc",
      "sources": ["binding.cc"],
      "defines": ["NAPI_VERSION=9"],
      "cflags": ["-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++20"],
      "cflags_cc": ["-std=c++20"],
      "ldflags": ["-Wl,-z,relro,-z,now,-z,noexecstack"]
    }
  ]
}
