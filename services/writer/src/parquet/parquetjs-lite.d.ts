/** The part of parquetjs-lite 0.8.7 that Bronze uses; the package ships no types. */
declare module 'parquetjs-lite' {
  export interface Field {
    type: 'UTF8' | 'INT32' | 'BOOLEAN' | 'DATE' | 'BYTE_ARRAY';
    optional: boolean;
    compression: 'SNAPPY';
    /** Always off: its minimum and maximum are wrong, and readers that trust them return wrong results. */
    statistics: false;
  }
  export interface Sink {
    write(bytes: Buffer, done: () => void): void;
    end(done: () => void): void;
  }
  export interface WriterOptions {
    rowGroupSize: number;
    /** In rows, not in bytes. */
    pageSize: number;
    /** Always off: with several pages, readers that use it to read a range of rows get wrong rows. */
    pageIndex: false;
  }
  export class ParquetSchema {
    constructor(fields: Record<string, Field>);
  }
  export class ParquetWriter {
    static openStream(schema: ParquetSchema, sink: Sink, options: WriterOptions): Promise<ParquetWriter>;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    setMetadata(key: string, value: string): void;
    close(): Promise<void>;
  }
  const parquet: { ParquetSchema: typeof ParquetSchema; ParquetWriter: typeof ParquetWriter };
  export default parquet;
}
