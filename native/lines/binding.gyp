{
  "targets": [
    {
      "target_name": "lines",
      "sources": ["binding.cc", "engine/reader.cc", "engine/sshd.cc", "engine/texts.cc"],
      "defines": ["NAPI_VERSION=9", "NAPI_CPP_EXCEPTIONS"],
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
