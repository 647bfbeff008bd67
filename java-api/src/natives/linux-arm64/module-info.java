/** The native library of Chaku for linux-arm64. */
module dev.chaku.natives.linux_arm64 {
  requires dev.chaku;

  provides dev.chaku.internal.natives.NativeJar with
      dev.chaku.natives.linux_arm64.Natives;
}
