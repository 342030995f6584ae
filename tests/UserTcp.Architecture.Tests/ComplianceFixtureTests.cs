using System.Text.Json;
using UserTcp.Architecture.Tests.Compliance;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>The ledger on small sources whose citations are known.</summary>
public sealed class ComplianceFixtureTests
{
    private static readonly SourceFile s_code = new("src/UserTcp/Tcp/Send/Persist.cs", """
        using UserTcp.Primitives;

        namespace UserTcp.Tcp.Send;

        /// <summary>Probes (RFC 9293 §3.8.6.1, MUST-36).</summary>
        internal sealed class Persist
        {
            /// <summary>Back-off of RFC 9293 §3.8.6.1
            /// (SHLD-30).</summary>
            public (int Times, bool Done) Interval<T>(T of)
                where T : struct
            {
                if (of is null)
                {
                    // RFC 9293 §3.8.6.1 (SHLD-29): the first one waits.
                    Wait();
                }
            }

            private static readonly int s_first = 1; // RFC 9293 §3.8.6.1, MUST-37

            // RFC 6298 §5.5: doubled, R6298-7.
            /// <summary>A tag alone: MUST-35.</summary>
            public int Count { get; private set; }
        }
        """);

    private static readonly SourceFile s_tests = new("tests/UserTcp.Tests/Tcp/PersistTests.cs", """
        namespace UserTcp.Tests.Tcp;

        public sealed class PersistTests
        {
            [Fact, Rfc("9293 §3.8.6.1", "MUST-36")]
            public void A_zero_window_is_probed() => Probe();

            [Theory]
            [InlineData(1)]
            [Rfc("9293 §3.8.6.1", "SHLD-29",
                "SHLD-30")]
            public async Task Probes_back_off(int times)
            {
            }

            [Fact, Rfc("6298 §5.5", "R6298-7")]
            public void The_interval_doubles() => Probe();

            [Rfc("9293 §3.8.6.1", "MUST-37")]
            public void Forgotten() => Probe();
        }
        """);

    private static readonly Requirement[] s_requirements =
    [
        new("MUST-36", "MUST", "3.8.6.1", "Probe"),
        new("MUST-38", "MUST", "3.8.6.2.1", "Wait"),
        new("SHLD-14", "SHOULD NOT", "3.8.6", "Shrink"),
        new("MAY-8", "MAY", "3.8.6.1", "Stay closed"),
        new("R6298-7", "MUST", "5.5", "Back off"),
        new("R6298-8", "SHOULD NOT", "5.5", "Forget"),
    ];

    [Fact]
    public void Tags_in_comments_are_found_with_file_and_member() => Assert.Equal(
        [
            new Citation("MUST-36", "UserTcp/Tcp/Send/Persist.cs Persist"),
            new Citation("SHLD-30", "UserTcp/Tcp/Send/Persist.cs Interval"),
            new Citation("SHLD-29", "UserTcp/Tcp/Send/Persist.cs Interval"),
            new Citation("MUST-37", "UserTcp/Tcp/Send/Persist.cs s_first"),
            new Citation("R6298-7", "UserTcp/Tcp/Send/Persist.cs Count"),
            new Citation("MUST-35", "UserTcp/Tcp/Send/Persist.cs Count"),
        ],
        Citations.InCode([s_code]));

    [Fact]
    public void A_tag_without_its_section_is_found() =>
        Assert.Contains("MUST-35", Assert.Single(Citations.WithoutSection([s_code])), StringComparison.Ordinal);

    [Fact]
    public void Attributes_are_found_with_their_test() => Assert.Equal(
        [
            new Citation("MUST-36", "PersistTests.A_zero_window_is_probed"),
            new Citation("SHLD-29", "PersistTests.Probes_back_off"),
            new Citation("SHLD-30", "PersistTests.Probes_back_off"),
            new Citation("R6298-7", "PersistTests.The_interval_doubles"),
            new Citation("MUST-37", "PersistTests.Forgotten"),
        ],
        Citations.InTests([s_tests]));

    [Fact]
    public void An_attribute_on_what_never_runs_is_found() =>
        Assert.Contains("MUST-37", Assert.Single(Citations.OnNoTest([s_tests])), StringComparison.Ordinal);

    [Fact]
    public void A_binding_requirement_needs_a_test_or_an_exception()
    {
        Ledger ledger = LedgerWith(
            new ComplianceException("SHLD-14", "by-design", "Because."),
            new ComplianceException("R6298-8", "not-met", "Because."));

        Assert.StartsWith("MUST-38", Assert.Single(ledger.Unanswered()), StringComparison.Ordinal);
        Assert.Empty(ledger.StaleExceptions());
        Assert.Contains(
            "RFC 6298: 2 requirements: 1 shown by tests; 0 not-applicable, 1 not-met, 0 by-design; 0 without either.",
            ledger.Render(), StringComparison.Ordinal);
        Assert.Contains("| R6298-7 MUST | §5.5 | Back off | `UserTcp/Tcp/Send/Persist.cs Count` |",
            ledger.Render(), StringComparison.Ordinal);
        Assert.Contains(
            "RFC 9293: 4 requirements: 1 shown by tests; 0 not-applicable, 0 not-met, 1 by-design; 2 without either.",
            ledger.Render(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_that_a_test_contradicts_or_that_names_nothing_is_found()
    {
        var because = new ComplianceException("MUST-36", "not-met", "Because.");
        Ledger ledger = LedgerWith(because, because, because with { Requirement = "MUST-99" });

        Assert.Equal(["MUST-36"], ledger.RepeatedExceptions());
        Assert.Equal(3, ledger.StaleExceptions().Count());
    }

    [Theory]
    [InlineData("""{ "status": "not-met", "reason": "Because." }""")]
    [InlineData("""{ "requirement": "MUST-1", "status": "not-met" }""")]
    [InlineData("""{ "requirement": "MUST-1", "status": "not-met", "reason": null }""")]
    [InlineData("""{ "requirement": "MUST-1", "status": "not-met", "reason": "Because.", "author": "me" }""")]
    [InlineData("""{ "requirement": "MUST-1", "status": "not-met", "reason": "Because.", "reason": "So." }""")]
    [InlineData("""{ "requirement": "MUST-1", "status": not-met, "reason": "Because." }""")]
    public void An_exception_without_its_three_properties_is_refused(string entry) =>
        Assert.Throws<JsonException>(() => ComplianceExceptions.Parse($"[{entry}]"));

    [Theory]
    [InlineData("perhaps", "Because.")]
    [InlineData("not-met", "")]
    public void An_exception_without_a_known_status_or_a_reason_is_refused(string status, string reason) =>
        Assert.Throws<FormatException>(() => ComplianceExceptions.Parse(
            $$"""[{ "requirement": "MUST-1", "status": "{{status}}", "reason": "{{reason}}" }]"""));

    [Fact]
    public void Exceptions_are_read_in_their_order()
    {
        IReadOnlyList<ComplianceException> read = ComplianceExceptions.Parse("""
            // why
            [
              { "requirement": "MUST-2", "status": "not-met", "reason": "So." },
              { "reason": "As it is.", "requirement": "MAY-1", "status": "by-design" }
            ]
            """);

        Assert.Equal(
            [
                new ComplianceException("MUST-2", "not-met", "So."),
                new ComplianceException("MAY-1", "by-design", "As it is."),
            ],
            read);
    }

    [Theory]
    [InlineData("    public static SeqNumber operator +(SeqNumber s, int n) => new(s);", "operator +")]
    [InlineData("    private readonly Dictionary<string, (int A, int B)> _map = [];", "_map")]
    [InlineData("    Established,", "Established")]
    [InlineData("    None = 0,", "None")]
    [InlineData("    public TimeSpan? UserTimeout { get; set; }", "UserTimeout")]
    [InlineData("    public bool IsV4 => true;", "IsV4")]
    [InlineData("    private bool TryTake(", "TryTake")]
    [InlineData("    public SeqNumber Max", "Max")]
    [InlineData("    private enum Phase", "Phase")]
    [InlineData("    public const int MaxBytes = 40;", "MaxBytes")]
    public void The_name_of_a_declaration_is_found(string line, string name) =>
        Assert.Equal(name, MemberNames.NameIn(line));

    private static Ledger LedgerWith(params ComplianceException[] exceptions) =>
        new(
            s_requirements, Citations.InCode([s_code]), Citations.SectionsInCode([s_code]),
            Citations.InTests([s_tests]), exceptions);
}
