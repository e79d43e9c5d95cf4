import Foundation
import NIOCore
import NIOPosix

/// Postfix's smtp-sink, which takes every mail and keeps none.
final class Sink {
    let port: Int
    private let process = Process()

    /// Returns once it listens.
    init(_ program: String) throws {
        let probe = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).wait()
        port = probe.localAddress?.port ?? 0
        try probe.close().wait()
        process.executableURL = URL(fileURLWithPath: program)
        // It refuses to be root.
        process.arguments = (geteuid() == 0 ? ["-u", "nobody"] : []) + ["127.0.0.1:\(port)", "256"]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        for _ in 0..<100 {
            if isListening { return }
            Thread.sleep(forTimeInterval: 0.05)
        }
        end()
        throw Fault(message: "smtp-sink does not listen")
    }

    private var isListening: Bool {
        let connection = try? ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).wait()
        try? connection?.close().wait()
        return connection != nil
    }

    func end() {
        process.terminate()
        process.waitUntilExit()
    }
}

struct Fault: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
