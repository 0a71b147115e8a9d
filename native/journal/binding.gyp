{
  "targets": [
    {
      "target_name": "journal",
      "sources": [
        "binding.cc",
        "engine/batch.cc",
        "engine/cursor.cc",
        "engine/fields.cc",
        "engine/files.cc",
        "engine/journal.cc",
        "engine/library.cc",
        "engine/sigbus.cc",
        "engine/wire.cc",
        "engine/worker.cc"
      ],
      "defines": ["NAPI_VERSION=9", "NAPI_CPP_EXCEPTIONS"],
      "cflags!": ["-Wno-unused-parameter"],
      "cflags": [
        "-O3",
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
      "ldflags": ["-Wl,-z,relro,-z,now,-z,noexecstack,-z,nodelete"]
    }
  ]
}
