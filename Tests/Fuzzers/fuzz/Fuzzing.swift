#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a run is about, by the environment variable `LOODS_FUZZ_TARGET`: the arguments are libFuzzer's.
private let target: @Sendable (Input) -> Void = {
    let name = getenv("LOODS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    switch name {
    case "events": return { EventFuzzing.run($0) }
    case "tokens": return { TokenFuzzing.run($0) }
    case "replies": return { ReplyFuzzing.run($0) }
    case "mail": return { MailFuzzing.run($0) }
    case "expressions": return { ExpressionFuzzing.run($0) }
    case "bounces": return { BounceFuzzing.run($0) }
    default: fatalError("LOODS_FUZZ_TARGET is \"\(name)\": events, tokens, replies, mail, expressions or bounces")
    }
}()

/// libFuzzer's way in; it brings the program's entry point too.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target(Input(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// The bytes of one attempt.
struct Input {
    private(set) var bytes: ArraySlice<UInt8>

    init(_ buffer: UnsafeBufferPointer<UInt8>) { bytes = Array(buffer)[...] }

    /// The first byte, which chooses what is done with the rest.
    mutating func choice() -> UInt8 { bytes.popFirst() ?? 0 }

    /// The rest as text, invalid bytes replaced.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The rest in parts, at the byte that stands in no text.
    var parts: [String] {
        bytes.split(separator: 0xFF, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A promise that must hold whatever came in; where it does not, libFuzzer keeps the input.
func hold(_ promise: Bool, _ what: @autoclosure () -> String) {
    if !promise { fatalError("broken: \(what())") }
}
