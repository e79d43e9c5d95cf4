import ArgumentParser
import ServiceRuntime

struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Ask an HTTP address whether it is well: exit code 0 for 200, else 1.",
        discussion: "For health checks of containers that hold no other HTTP client.")

    @Argument(help: "Such as http://127.0.0.1:9464/readyz.")
    var url: String

    func run() throws {
        guard let address = PlainHTTP(url) else {
            throw ExitFault(code: .settings, message: "\"\(url)\" is not of the form http://host:port/path")
        }
        let answer = try address.get()
        guard answer.status == 200 else {
            throw ExitFault(code: .failures, message: "\(answer.status) \(answer.body)")
        }
        print(answer.body)
    }
}
