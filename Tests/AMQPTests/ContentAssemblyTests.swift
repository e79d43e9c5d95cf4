import Testing

@testable import AMQP

@Suite("Frames of a content")
struct ContentAssemblyTests {
    private func append(_ assembly: inout ContentAssembly<String>, _ bytes: [UInt8]) throws -> (String, [UInt8])? {
        try bytes.withUnsafeBytes { try assembly.append($0) }
    }

    @Test func joinsPieces() throws {
        var assembly = ContentAssembly<String>()
        try assembly.begin("head")
        #expect(try assembly.header(bodySize: 5, complete: { $0 += "+header" }) == nil)
        #expect(try append(&assembly, [1, 2]) == nil)
        let content = try #require(try append(&assembly, [3, 4, 5]))
        #expect(content == ("head+header", [1, 2, 3, 4, 5]))
        try assembly.begin("next")
    }

    @Test func anEmptyBodyIsCompleteWithItsHeader() throws {
        var assembly = ContentAssembly<String>()
        try assembly.begin("head")
        let content = try #require(try assembly.header(bodySize: 0, complete: { _ in }))
        #expect(content == ("head", []))
    }

    @Test func refusesFramesOutOfOrder() throws {
        var assembly = ContentAssembly<String>()
        #expect(throws: ContentAssembly<String>.Fault.unexpectedFrame) { try append(&assembly, [1]) }
        #expect(throws: ContentAssembly<String>.Fault.unexpectedFrame) {
            try assembly.header(bodySize: 1, complete: { _ in })
        }
        try assembly.begin("head")
        #expect(throws: ContentAssembly<String>.Fault.unexpectedFrame) { try assembly.begin("again") }
        _ = try assembly.header(bodySize: 1, complete: { _ in })
        #expect(throws: ContentAssembly<String>.Fault.unexpectedFrame) { try append(&assembly, [1, 2]) }
    }
}
