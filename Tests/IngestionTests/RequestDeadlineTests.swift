import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Ingestion

/// A connection may not be held by sending slowly.
@Suite struct RequestDeadlineTests {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel(handler: RequestDeadline(patience: .seconds(30)), loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func receive(_ parts: HTTPRequestPart...) throws {
        for part in parts { try channel.writeInbound(part) }
    }

    private func answer() throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .unauthorized)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    private func sentHead() throws -> HTTPResponse? {
        while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
            if case .head(let head) = part { return head }
        }
        return nil
    }

    private let head = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: "http", authority: "a.test", path: "/v1/track"))

    @Test func aBodyThatDripsIsAnsweredAndItsConnectionClosed() throws {
        try receive(head)
        for _ in 0..<29 {
            loop.advanceTime(by: .seconds(1))
            try receive(.body(ByteBuffer(string: "x")))
        }
        #expect(try sentHead() == nil && channel.isActive)
        loop.advanceTime(by: .seconds(1))
        #expect(try sentHead()?.status == .requestTimeout)
        loop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }

    @Test func anAnswerBeforeTheEndOfTheBodyIsTheLast() throws {
        try receive(head)
        try answer()
        #expect(try sentHead()?.headerFields[.connection] == "close")
        try receive(.body(ByteBuffer(string: "x")))
        #expect(channel.isActive)
        loop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }

    @Test func whoeverSendsInTimeKeepsTheConnection() throws {
        for _ in 0..<3 {
            try receive(head, .body(ByteBuffer(string: "x")), .end(nil))
            loop.advanceTime(by: .seconds(20))
            try answer()
            #expect(try sentHead()?.headerFields[.connection] == nil)
            loop.advanceTime(by: .seconds(20))
            #expect(channel.isActive)
        }
    }
}
