// Which library of TensorFlow is installed for which machine: files inside archives of Maven Central, pinned by their hash.

import process from "node:process";

/** An archive with TensorFlow's library for one kind of machine. */
export interface TensorflowLibrary {
  readonly tensorflowVersion: string;
  /** Below the repository's URL. */
  readonly archive: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Entries of the archive: the library, then the one that it needs. */
  readonly entries: readonly [string, string];
  /** Size of the unpacked entries. */
  readonly unpackedBytes: number;
}

const LIBRARIES: Readonly<Record<string, TensorflowLibrary>> = {
  "linux x64": {
    tensorflowVersion: "2.10.1",
    archive: "org/tensorflow/tensorflow-core-api/0.5.0/tensorflow-core-api-0.5.0-linux-x86_64.jar",
    bytes: 116_959_312,
    sha256: "f394c5be26c8f3b644cdc77e6741b2cfe774caa8aedeb969c50e074444feac55",
    entries: [
      "org/tensorflow/internal/c_api/linux-x86_64/libtensorflow_cc.so.2",
      "org/tensorflow/internal/c_api/linux-x86_64/libtensorflow_framework.so.2",
    ],
    unpackedBytes: 476_307_376,
  },
  // Unpacked, and its symbols and load paths checked, on Linux; not yet run on a Mac.
  "darwin arm64": {
    tensorflowVersion: "2.16.2",
    archive: "org/tensorflow/tensorflow-core-native/1.0.0/tensorflow-core-native-1.0.0-macosx-arm64.jar",
    bytes: 127_041_095,
    sha256: "be3bcf51e2036fd7813691761ac6796b8a10c57c303f36a760f804925e303332",
    entries: [
      "org/tensorflow/internal/c_api/macosx-arm64/libtensorflow_cc.2.dylib",
      "org/tensorflow/internal/c_api/macosx-arm64/libtensorflow_framework.2.dylib",
    ],
    unpackedBytes: 614_552_924,
  },
};

/** The library for a machine; null where there is none, which is everywhere but on Linux x64 and macOS arm64. */
export function tensorflowLibrary({ platform = process.platform, arch = process.arch } = {}): TensorflowLibrary | null {
  return LIBRARIES[`${platform} ${arch}`] ?? null;
}

/** The repository that archives are downloaded from: Maven Central, or the mirror that LATENT_LAB_MAVEN_URL names. */
export function mavenUrl(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const url = environment.LATENT_LAB_MAVEN_URL || "https://repo.maven.apache.org/maven2";
  return url.replace(/\/+$/, "");
}
