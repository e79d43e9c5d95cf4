import Content
import Foundation
import Model
import Mustache

// rendering [--json] [--quick]: mails rendered a second on one core, beside swift-mustache on the same templates and
// values, in turns. Ours also keeps links harmless, and bounds what comes out.

let arguments = CommandLine.arguments.dropFirst()
guard arguments.allSatisfy({ ["--json", "--quick"].contains($0) }) else {
    FileHandle.standardError.write(Data("rendering: takes [--json] [--quick]\n".utf8))
    exit(64)
}
let quick = arguments.contains("--quick")

do {
    for sample in Sample.all {
        let contest = try Contest(sample, seconds: quick ? 0.3 : 1)
        for _ in 0..<(quick ? 3 : 9) { contest.round() }
        contest.report(asJSON: arguments.contains("--json"))
    }
} catch {
    FileHandle.standardError.write(Data("rendering: \(error)\n".utf8))
    exit(1)
}
