/// Cuts a record into its columns.
enum Columns {
    /// At runs of white space; none at either end.
    static func splitByWhitespace(_ record: ArraySlice<UInt8>) throws(RecordFault) -> [String] {
        var columns: [String] = []
        for part in record.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
            columns.append(try text(part))
        }
        return columns
    }

    /// At a delimiter, with double quotes as RFC 4180 has them.
    static func split(_ record: ArraySlice<UInt8>, by delimiter: UInt8) throws(RecordFault) -> [String] {
        let quote = UInt8(ascii: "\"")
        var columns: [String] = []
        var index = record.startIndex
        while true {
            var value: [UInt8] = []
            if index < record.endIndex, record[index] == quote {
                index += 1
                while true {
                    guard index < record.endIndex else { throw RecordFault("a quote is not closed") }
                    if record[index] != quote {
                        value.append(record[index])
                    } else if index + 1 < record.endIndex, record[index + 1] == quote {
                        value.append(quote)
                        index += 1
                    } else {
                        break
                    }
                    index += 1
                }
                index += 1
                guard index == record.endIndex || record[index] == delimiter else {
                    throw RecordFault("text stands behind a closing quote")
                }
            } else {
                let end = record[index...].firstIndex(of: delimiter) ?? record.endIndex
                value = Array(record[index..<end])
                index = end
            }
            columns.append(try text(value[...]))
            guard index < record.endIndex else { return columns }
            index += 1
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(RecordFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw RecordFault("it is not UTF-8") }
        guard !bytes.contains(0) else { throw RecordFault("it holds a zero byte, which cannot be stored") }
        return text
    }
}
