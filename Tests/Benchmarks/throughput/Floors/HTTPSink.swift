import Foundation
import Hummingbird
import Logging

/// The least an HTTP server of this kind can do: collect the body and answer 200.
enum HTTPSink {
    /// Serves on a free port, which it prints; ends with its standard input.
    static func serve() async throws {
        Thread.detachNewThread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            exit(0)
        }
        let answer = ByteBuffer(string: #"{"success":true}"#)
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            _ = try await request.body.collect(upTo: 1 << 20)
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: answer))
        }
        var logger = Logger(label: "sink")
        logger.logLevel = .error
        let application = Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0), backlog: 1024),
            onServerRunning: { channel in
                FileHandle.standardOutput.write(Data("\(channel.localAddress?.port ?? 0)\n".utf8))
            }, logger: logger)
        try await application.run()
    }
}
