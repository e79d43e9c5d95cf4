import Foundation
import Testing

/// What the package says of itself, and what nothing in it may say.
@Suite struct PackageTests {
    @Test func dependenciesAreExact() throws {
        let manifest = try #require(try SourceTree.files("Package.swift").first)
        let dependencies = manifest.lines.filter { $0.contains(".package(") }
        #expect(dependencies.count > 5)
        for line in dependencies {
            #expect(line.contains("url: \"https://github.com/"), "\(line)")
            #expect(line.contains("exact: \""), "\(line)")
        }
    }

    @Test func warningsAreErrorsEverywhere() throws {
        let manifest = try #require(try SourceTree.files("Package.swift").first)
        #expect(manifest.text.contains(".treatAllWarnings(as: .error)"))
        for feature in ["ExistentialAny", "MemberImportVisibility", "InternalImportsByDefault"] {
            #expect(manifest.text.contains(".enableUpcomingFeature(\"\(feature)\")"))
        }
    }

    @Test func noPlaceOfOneMachineIsNamed() throws {
        // What the project writes lies under the checkout, or where it is told.
        let folder = "(?<![A-Za-z0-9_.}*/])/(opt|work|root|home)/[A-Za-z]"
        let places = ["Sources", "Tests", "deploy", "Package.swift", "README.md", "docker-compose.yml"]
        let files = try places.flatMap { try SourceTree.files($0) }
        #expect(files.count > 200)
        for file in files {
            let found = file.text.range(of: folder, options: .regularExpression).map { file.text[$0] }
            #expect(found == nil, "\(file.path)")
        }
    }
}
