// Zip archives for tests.

import { crc32, deflateRawSync } from "node:zlib";

/** A file in an archive. */
export interface ZipFile {
  name: string;
  content: Uint8Array;
  stored?: boolean;
  /** Of the local header, which may differ from that of the directory. */
  extra?: number;
}

/** A zip archive as PKWARE's APPNOTE describes it, with a comment at its end. */
export function zip(files: ZipFile[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, stored = false, extra = 0 } of files) {
    const nameBytes = new TextEncoder().encode(name);
    const data = stored ? content : deflateRawSync(content);
    const common = (view: DataView, at: number) => {
      view.setUint16(at, stored ? 0 : 8, true);
      view.setUint32(at + 6, crc32(content), true);
      view.setUint32(at + 10, data.length, true);
      view.setUint32(at + 14, content.length, true);
      view.setUint16(at + 18, nameBytes.length, true);
    };
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    common(local, 8);
    local.setUint16(28, extra, true);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    common(central, 10);
    central.setUint32(42, offset, true);
    const pieces = [new Uint8Array(local.buffer), nameBytes, new Uint8Array(extra).fill(7), data];
    parts.push(...pieces);
    directory.push(new Uint8Array(central.buffer), nameBytes);
    offset += pieces.reduce((sum, { length }) => sum + length, 0);
  }
  const comment = new TextEncoder().encode("a comment");
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, directory.reduce((sum, { length }) => sum + length, 0), true);
  end.setUint32(16, offset, true);
  end.setUint16(20, comment.length, true);
  const all = [...parts, ...directory, new Uint8Array(end.buffer), comment];
  return Uint8Array.from(all.flatMap((part) => [...part]));
}
