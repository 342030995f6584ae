using System.Globalization;
using System.Net;
using System.Text.Json;
using UserTcp.Lab.Tests.Support;
using UserTcp.Tool.Tests.Trace;

namespace UserTcp.Lab.Tests.Captures;

/// <summary><c>usertcp trace</c> finds in a capture what tshark finds.</summary>
public sealed class TraceTests
{
    private const byte Fin = 1, Syn = 2, Ack = 16;
    private const int FirstPort = 20_000;

    // A SYN; text, then a hole, the text that fills it, some of it again, and the end.
    private static readonly (uint Sequence, byte Flags, int Length)[] s_segments =
    [
        (1000, Syn, 0), (1001, Ack, 100), (1201, Ack, 100), (1101, Ack, 100), (1051, Ack, 100), (1301, Fin | Ack, 11),
    ];

    private static readonly Wrapping[] s_wrappings = [.. Wrapping.All.Where(wrapping => !wrapping.IsOursAlone)];

    [LabFact]
    public void Every_link_layer_is_read_and_each_interface_has_its_own_clock()
    {
        CaptureBytes capture = new CaptureBytes(isBig: false).Section();
        foreach ((int i, Wrapping wrapping) in s_wrappings.Index())
            capture.Interface(wrapping.Link, i % 3 == 0 ? (byte)9 : null, i % 2 == 0 ? i * 100 : null);
        foreach ((int i, Wrapping wrapping) in s_wrappings.Index())
        {
            foreach ((int k, byte[] frame) in Frames(wrapping, (ushort)(FirstPort + i)).Index())
                capture.Packet((uint)i, (ulong)(k + 1) * (i % 3 == 0 ? 1_000_000_000UL : 1_000_000UL), frame);
        }

        AssertAsTshark(capture, s_wrappings.Length);
    }

    [LabTheory]
    [InlineData(0xA1B2C3D4, 2, 0)]
    [InlineData(0xA1B2C3D4, 3, 0)]
    [InlineData(0xA1B2C3D4, 4, 0)]
    [InlineData(0xA1B2CD34, 4, 8)]
    public void Old_and_modified_formats_are_read(uint magic, ushort minor, int more)
    {
        foreach (bool isBig in (bool[])[false, true])
        {
            var capture = new CaptureBytes(isBig).Classic(magic, 1, minor);
            foreach ((int k, byte[] frame) in Frames(s_wrappings[0], FirstPort).Index())
            {
                uint kept = (uint)frame.Length, whole = kept + 7;
                (uint first, uint second) = minor == 2 ? (whole, kept) : (kept, whole);
                capture.Record((uint)k, 0, first, second, [.. new byte[more], .. frame]);
            }

            AssertAsTshark(capture, 1);
        }
    }

    [LabFact]
    public void Simple_packets_are_read_without_their_padding()
    {
        CaptureBytes capture = new CaptureBytes(isBig: false).Section().Interface(1);
        foreach (byte[] frame in Frames(s_wrappings[0], FirstPort))
            capture.Simple(frame.Length, frame);

        AssertAsTshark(capture, 1, isTimed: false);
    }

    private static IEnumerable<byte[]> Frames(Wrapping wrapping, ushort port) => s_segments.Select(segment =>
        wrapping.Wrap(CaptureBytes.Segment(port, segment.Sequence, 1, segment.Flags, segment.Length)));

    private static void AssertAsTshark(CaptureBytes capture, int connections, bool isTimed = true)
    {
        using var folder = new ScratchFolder();
        string file = folder.File("capture");
        File.WriteAllBytes(file, capture.ToArray());
        Dictionary<int, Seen> theirs = ByTshark(file), ours = ByTrace(file);
        Assert.Equal(connections, theirs.Count);
        Assert.Equal(theirs.Keys.Order(), ours.Keys.Order());
        foreach ((int port, Seen seen) in theirs)
        {
            string name = connections > 1 ? s_wrappings[port - FirstPort].Name : "ethernet";
            Assert.True((seen.Segments, seen.Bytes) == (ours[port].Segments, ours[port].Bytes), $"{name}: {seen}");
            if (isTimed)
                Assert.Equal(seen.Start, ours[port].Start, 6);
        }
    }

    // By the port of the client: its segments, its octets once each, and when the first one came.
    private static Dictionary<int, Seen> ByTshark(string file)
    {
        string[][] rows = [.. Shell.Run(
            $"tshark -r {file} -n -T fields -e frame.time_epoch -e tcp.srcport -e tcp.seq_raw -e tcp.len 2>/dev/null")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))];
        double begin = rows.Length > 0 ? Seconds(rows[0][0]) : 0;
        return rows.Where(row => row[1].Length > 0).GroupBy(row => Number(row[1])).ToDictionary(
            group => group.Key, group => new Seen(
                group.Count(), Octets(group), Seconds(group.First()[0]) - begin));
    }

    private static int Octets(IEnumerable<string[]> rows) => rows
        .SelectMany(row => Enumerable.Range(Number(row[2]), Number(row[3]))).Distinct().Count();

    private static Dictionary<int, Seen> ByTrace(string file)
    {
        string tool = Path.Combine(AppContext.BaseDirectory, "UserTcp.Tool.dll");
        using JsonDocument told = JsonDocument.Parse(Shell.Run($"dotnet {tool} trace {file} --json"));
        return told.RootElement.EnumerateArray().ToDictionary(
            item => IPEndPoint.Parse(item.GetProperty("client").GetString()!).Port, item => new Seen(
                item.GetProperty("client_to_server").GetProperty("segments").GetInt32(),
                item.GetProperty("client_to_server").GetProperty("bytes").GetInt32(),
                item.GetProperty("start_seconds").GetDouble()));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static double Seconds(string text) =>
        text.Length == 0 ? 0 : double.Parse(text, CultureInfo.InvariantCulture);

    private readonly record struct Seen(int Segments, int Bytes, double Start);
}
