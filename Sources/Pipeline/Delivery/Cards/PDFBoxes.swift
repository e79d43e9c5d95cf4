/// States where the pages of a PDF are to be cut (ISO 32000-1, section 14.11.2): adds `TrimBox` and `BleedBox` to each.
///
/// The file is not rewritten but continued, as the format provides for (section 7.5.6): the pages follow once more behind its
/// end, with a table of their own. It reads what Chromium writes: plain page objects and a plain table of references.
enum PDFBoxes {
    /// - Parameters:
    ///   - bleed: how much is cut off at each side, in millimetres.
    ///   - format: what the page measures, bleed included, in millimetres.
    /// - Returns: nil where the file is none that it can read, or has another number of pages.
    static func adding(
        bleed: Int, of format: (width: Int, height: Int), to file: [UInt8], pages count: Int
    ) -> [UInt8]? {
        guard let start = value(of: "startxref", in: file[...], fromEnd: true),
            let trailer = last("trailer", in: file).flatMap({ dictionary(in: file, from: $0) }),
            let size = value(of: "/Size", in: trailer)
        else { return nil }
        let pages = pages(of: file)
        guard pages.count == count else { return nil }
        var (output, entries) = (file, [(number: Int, offset: Int)]())
        if output.last != UInt8(ascii: "\n") { output.append(UInt8(ascii: "\n")) }
        for page in pages {
            guard let boxes = boxes(of: page.body, bleed: bleed, format) else { return nil }
            entries.append((page.number, output.count))
            output += Array("\(page.number) 0 obj\n".utf8) + page.body.dropLast(2) + Array("\(boxes)>>\nendobj\n".utf8)
        }
        let table = output.count
        output += Array("xref\n".utf8)
        for entry in entries {
            let offset = String(entry.offset)
            let padded = String(repeating: "0", count: max(0, 10 - offset.utf8.count)) + offset
            output += Array("\(entry.number) 1\n\(padded) 00000 n \n".utf8)
        }
        guard size > 0 else { return nil }
        output += Array("trailer\n".utf8) + trailer.dropLast(2)
        output += Array("/Prev \(start)>>\nstartxref\n\(table)\n%%EOF\n".utf8)
        return output
    }

    /// The dictionaries of the page objects, with their numbers.
    private static func pages(of file: [UInt8]) -> [(number: Int, body: ArraySlice<UInt8>)] {
        var pages: [(number: Int, body: ArraySlice<UInt8>)] = []
        var place = 0
        while let found = first(" 0 obj", in: file, from: place) {
            place = found + 6
            var begin = found
            while begin > 0, isDigit(file[begin - 1]) { begin -= 1 }
            guard let number = Int(String(decoding: file[begin..<found], as: UTF8.self)),
                let body = dictionary(in: file, from: place), isPage(body)
            else { continue }
            pages.append((number, body))
        }
        return pages
    }

    /// `/Type /Page`, and not `/Pages`.
    private static func isPage(_ body: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(body)
        for mark in ["/Type /Page", "/Type/Page"] {
            guard let found = first(mark, in: bytes, from: 0) else { continue }
            let end = found + mark.utf8.count
            return end < bytes.count && bytes[end] != UInt8(ascii: "s")
        }
        return false
    }

    private static func boxes(of page: ArraySlice<UInt8>, bleed: Int, _ size: (width: Int, height: Int)) -> String? {
        let bytes = Array(page)
        guard let found = first("/MediaBox", in: bytes, from: 0), let open = bytes[found...].firstIndex(of: 0x5B),
            let close = bytes[open...].firstIndex(of: 0x5D)
        else { return nil }
        let numbers = bytes[open + 1..<close].split(separator: 0x20).compactMap {
            Double(String(decoding: $0, as: UTF8.self))
        }
        guard numbers.count == 4 else { return nil }
        // Browsers round a page up to whole pixels; what it shows begins at its upper left.
        func box(inset: Int) -> [Double] {
            let points = 72 / 25.4
            let (left, top) = (numbers[0] + Double(inset) * points, numbers[3] - Double(inset) * points)
            let (width, height) = (Double(size.width - 2 * inset) * points, Double(size.height - 2 * inset) * points)
            return [left, top - height, left + width, top]
        }
        func told(_ box: [Double]) -> String {
            box.map { "\(($0 * 1000).rounded() / 1000)" }.joined(separator: " ")
        }
        return "/BleedBox [\(told(box(inset: 0)))] /TrimBox [\(told(box(inset: bleed)))]"
    }

    /// The dictionary that begins at or behind a place, with its brackets; nil where none does next.
    private static func dictionary(in file: [UInt8], from place: Int) -> ArraySlice<UInt8>? {
        var start = place
        while start < file.count, file[start] <= 0x20 || start < place { start += 1 }
        if start + 7 < file.count, String(decoding: file[start..<start + 7], as: UTF8.self) == "trailer" { start += 7 }
        while start < file.count, file[start] <= 0x20 { start += 1 }
        guard start + 1 < file.count, file[start] == 0x3C, file[start + 1] == 0x3C else { return nil }
        var (index, depth) = (start, 0)
        while index + 1 < file.count {
            if file[index] == 0x3C, file[index + 1] == 0x3C {
                (depth, index) = (depth + 1, index + 2)
            } else if file[index] == 0x3E, file[index + 1] == 0x3E {
                (depth, index) = (depth - 1, index + 2)
                if depth == 0 { return file[start..<index] }
            } else {
                index += 1
            }
        }
        return nil
    }

    private static func value(of name: String, in bytes: ArraySlice<UInt8>, fromEnd: Bool = false) -> Int? {
        let all = Array(bytes)
        guard let found = fromEnd ? last(name, in: all) : first(name, in: all, from: 0) else { return nil }
        let digits = all[(found + name.utf8.count)...].drop { $0 <= 0x20 }.prefix(while: isDigit)
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func first(_ text: String, in bytes: [UInt8], from place: Int) -> Int? {
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count else { return nil }
        var index = place
        while index + wanted.count <= bytes.count {
            if bytes[index] == wanted[0], bytes[index..<index + wanted.count].elementsEqual(wanted) { return index }
            index += 1
        }
        return nil
    }

    private static func last(_ text: String, in bytes: [UInt8]) -> Int? {
        var (place, found): (Int, Int?) = (0, nil)
        while let next = first(text, in: bytes, from: place) { (place, found) = (next + 1, next) }
        return found
    }
}
