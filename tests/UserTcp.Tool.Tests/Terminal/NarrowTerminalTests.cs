using System.Buffers.Binary;
using System.Net;
using Spectre.Console;
using UserTcp.Links;
using UserTcp.Tool.Commands;
using UserTcp.Tool.Machine;
using UserTcp.Tool.Network;
using UserTcp.Tool.Simulation;
using UserTcp.Tool.Terminal;
using UserTcp.Tool.Tests.Support;
using UserTcp.Tool.Tests.Trace;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Terminal;

/// <summary>Tables on terminals that have no room for them.</summary>
public sealed class NarrowTerminalTests
{
    private const string Remedy = "sudo setcap cap_net_raw,cap_net_admin+ep /home/me/.dotnet/tools/usertcp";

    private readonly FakeMachine _machine = new()
    {
        Devices =
        {
            new MachineInterface(
                "br-0123456789ab", true, false, MacAddress.Parse("02:00:00:00:00:01"), 1500,
                [IPAddress.Parse("192.168.100.200")]),
            new MachineInterface("lo", true, true, null, 65536, [IPAddress.Loopback]),
        },
        Access =
        {
            ["br-0123456789ab"] = new LinkAccess
            {
                Name = "packet:br-0123456789ab", Problem = LinkProblem.MissingPermission, Reason = "CAP_NET_RAW is missing.", Remedy = Remedy,
            },
            ["lo"] = new LinkAccess
            {
                Name = "packet:lo", Problem = LinkProblem.MissingPermission, Reason = "CAP_NET_RAW is missing.", Remedy = Remedy,
            },
        },
    };

    public static TheoryData<int> Widths => [20, 40, 60, 70, 80, 100, 120, 200];

    [Theory]
    [MemberData(nameof(Widths))]
    public async Task Connections_have_their_ends_and_bytes(int width)
    {
        TraceAnalysis analysis = TraceAnalysis.Of(
            [FarFrame(0, 1, 1000), FarFrame(1500, 1001, 1000), FarFrame(123_456, 2001, 1000)]);
        string[] lines = await TestTerminal.LinesOfAsync(width, output => TraceCommand.Show(analysis, 50, output));

        AssertFits(lines, width);
        if (width < 60)
            return;

        string text = string.Join('\n', lines);
        Assert.Contains("192.168.100.200:50123", text, StringComparison.Ordinal);
        Assert.Contains("192.168.100.201:60123", text, StringComparison.Ordinal);
        Assert.Contains("3,000", text, StringComparison.Ordinal);
        Assert.Equal(width >= 120, text.Contains("123.456", StringComparison.Ordinal) && lines[0].StartsWith('╭'));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public async Task Devices_have_their_links_and_what_mends_them(int width)
    {
        string[] lines = await TestTerminal.LinesOfAsync(width, output => DevicesCommand.Show(_machine, output));

        string[] table = lines[..Array.IndexOf(lines, "")];
        AssertFits(table, width);
        Assert.Equal(
            ["", "packet:br-0123456789ab, packet:lo: CAP_NET_RAW is missing.", $"  {Remedy}"], lines[table.Length..]);
        if (width < 60)
            return;

        Assert.Contains(table, line => line.Contains("packet:br-0123456789ab", StringComparison.Ordinal));
        Assert.Equal(width >= 120, table.Any(line => line.Contains("02:00:00:00:00:01", StringComparison.Ordinal)));
        Assert.Contains(table, line => line.Contains("problem", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public async Task Findings_are_broken_into_lines(int width)
    {
        _machine.Files["/proc/self/status"] = "CapEff:\t0\n";
        var settings = new NetworkSettings { Link = "br-0123456789ab", IsLinkGiven = true };
        string[] lines = await TestTerminal.LinesOfAsync(
            width, output => DoctorCommand.Show(_machine, settings, output));

        string[] table = lines[..Array.IndexOf(lines, "")];
        AssertFits(table, width);
        string words = string.Join(' ', table.SelectMany(line => line.Split('│'))).Replace("  ", " ");
        Assert.Contains("without", words, StringComparison.Ordinal);
        Assert.Equal(width >= 70, table[0].StartsWith('╭'));
        Assert.Equal($"  {Remedy}", lines[table.Length + 2]);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public async Task A_live_simulation_fits(int width)
    {
        using var transfer = new LiveTransfer(new LivePath(), capture: null);
        LiveSample sample = transfer.Advance(TimeSpan.FromSeconds(1));
        string[] lines = await TestTerminal.LinesOfAsync(
            width, output => output.Screen.Write(new LiveView(new LivePath()).Draw(sample)));

        AssertFits(lines, width);
        Assert.Contains(lines, line => line.Contains("overflowed", StringComparison.Ordinal));
        Assert.Equal(12, lines.Count(line => line.Any(letter => letter is >= '\u2800' and <= '\u28FF')));
    }

    [Fact]
    public async Task Tables_of_any_shape_fit_terminals_of_any_width()
    {
        var random = new Random(1);
        int whole = 0, stacked = 0;
        for (int round = 0; round < 300; round++)
        {
            int width = random.Next(1, 140);
            int columns = random.Next(1, 11);
            string[] Cells(int longest) =>
                [.. Enumerable.Range(0, columns).Select(_ => new string('x', random.Next(longest)))];
            TextTable table = new TextTable(Cells(8)).MayLack([.. Enumerable.Range(1, columns / 2)]);
            if (random.Next(2) == 0)
                table.EndingInProse();
            for (int i = random.Next(4); i > 0; i--)
                table.Add(Cells(20));

            string[] lines = await TestTerminal.LinesOfAsync(width, table.Show);
            AssertFits(lines, width);
            bool isTable = lines[0].StartsWith('╭');
            whole += isTable ? 1 : 0;
            stacked += isTable ? 0 : 1;
        }

        Assert.True(whole > 50 && stacked > 50, $"{whole} tables and {stacked} lists show too little.");
    }

    [Fact]
    public async Task What_there_was_no_room_for_is_named()
    {
        TextTable table = new TextTable("name", "first", "second", "empty").MayLack(3, 1, 2);
        table.Add("wwwwwwwwww", "xxxxxxxxxx", "yyyyyyyyyy", "");

        string[] lines = await TestTerminal.LinesOfAsync(30, table.Show);
        Assert.Contains("│ name       │ second     │", lines);
        Assert.Equal("No room for: first.", lines[^1]);
    }

    [Fact]
    public async Task There_may_be_room_for_a_narrow_column_where_there_is_none_for_one_that_matters_more()
    {
        TextTable table = new TextTable("name", "a", "second").MayLack(1, 2);
        table.Add("wwwwwwwwww", "x", "yyyyyyyyyyyyyyyyyyyyyyyy");

        string[] lines = await TestTerminal.LinesOfAsync(30, table.Show);
        Assert.Contains("│ wwwwwwwwww │ x │", lines);
        Assert.Equal("No room for: second.", lines[^1]);
    }

    private static void AssertFits(string[] lines, int width)
    {
        Assert.All(lines, line => Assert.InRange(line.GetCellWidth(), 0, width));
        Assert.DoesNotContain(lines, line => line.Contains('…'));
    }

    // As long as addresses of IPv4 can be.
    private static CapturedFrame FarFrame(int milliseconds, uint seq, int length)
    {
        byte[] frame = CaptureBytes.Frame(seq, 1, 16, length);
        new byte[] { 192, 168, 100, 200, 192, 168, 100, 201 }.CopyTo(frame, 26);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(34), 50123);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(36), 60123);
        return new CapturedFrame(milliseconds * 1_000_000L, LinkType.Ethernet, frame);
    }
}
