{
  "targets": [
    {
      "target_name": "lines",
      "sources": ["binding.cc", "engine/address.cc", "engine/programs.cc", "engine/reader.cc", "engine/sshd.cc", "engine/texts.cc"],
      # A thread that is ended in the midst of a call can be told of no exception: then there is nobody left to tell.
      "defines": [
        "NAPI_VERSION=9",
        "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "cflags!": ["-O3", "-Wno-unused-parameter"],
      "cflags": [
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2",
        "-fstack-protector-strong",
        "-fvisibility=hidden",
        "-isystem ../../../node_modules/node-addon-api"
      ],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20"],
      "ldflags": ["-Wl,-z,relro,-z,now,-z,noexecstack"]
    }
  ]
}
