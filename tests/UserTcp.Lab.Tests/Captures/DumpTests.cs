using System.Diagnostics;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Tool.Tests.Trace;

namespace UserTcp.Lab.Tests.Captures;

/// <summary><c>usertcp dump</c> tells of frames what tcpdump tells.</summary>
public sealed partial class DumpTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(60);
    private static readonly Page s_page = new(300_000, seed: 12);

    private static string Tool => Path.Combine(AppContext.BaseDirectory, "UserTcp.Tool.dll");

    [LabTheory]
    [InlineData(1600)]
    [InlineData(70)] // cut within the options of SYNs
    public async Task A_transfer_of_two_kernels_is_told_alike(int bytesPerFrame)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        var service = new PageService([s_page]);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, service.ServeAsync);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame);
        lab.Host.Exec($"ping -c 2 -i 0.2 {LabNetwork.PeerAddress}");
        using (Socket socket = KernelClient.Connect(lab.Host, server.EndPoint))
        using (var patience = new CancellationTokenSource(s_guard))
            await PageClient.GetAsync(new SocketPipes(socket), s_page, patience.Token);
        Assert.Throws<SocketException>(() => lab.Host.Run(() => new TcpClient($"{LabNetwork.PeerAddress}", 81)));
        await capture.StopAsync();

        string[] theirs = Lines($"tcpdump -r {capture.File} -n");
        string[] ours = Lines($"dotnet {Tool} dump -r {capture.File} -n");
        Assert.InRange(theirs.Length, 100, int.MaxValue);
        Assert.Equal(theirs.Length, ours.Length);
        Assert.Contains(ours, line => line.Contains("ICMP echo reply", StringComparison.Ordinal));
        foreach ((string their, string our) in theirs.Zip(ours).Where(pair => !IsCutShort(pair.First)))
            Assert.Equal(Plain(their), our);
    }

    [LabFact]
    public void Every_link_layer_is_told_as_tcpdump_does()
    {
        using var folder = new ScratchFolder();
        int compared = 0;
        foreach (Wrapping wrapping in Wrapping.All.Where(wrapping => !wrapping.IsOursAlone))
        {
            string file = folder.File(wrapping.Name);
            File.WriteAllBytes(file, new CaptureBytes(isBig: true).Classic(0xA1B2C3D4, wrapping.Link)
                .Record(1, 0, wrapping.Wrap(CaptureBytes.Segment(20_001, 99, 0, 2, 0, options: [2, 4, 5, 0xB4])))
                .Record(2, 0, wrapping.Wrap(CaptureBytes.Segment(20_001, 99, 7, 25, 5))).ToArray());
            string[] theirs = Lines($"tcpdump -r {file} -n"), ours = Lines($"dotnet {Tool} dump -r {file} -n");
            Assert.Equal(2, ours.Length);
            foreach ((string their, string our) in theirs.Zip(ours))
            {
                // Not every link type is tcpdump's, and it tells of extension headers.
                if (Segment().Match(their) is not { Success: true } match)
                    continue;

                compared++;
                Assert.True(our.EndsWith(match.Value, StringComparison.Ordinal), $"{wrapping}: {their}\n{our}");
            }
        }

        Assert.InRange(compared, 50, 100);
    }

    [LabFact]
    public async Task A_link_is_told_of_while_frames_pass()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        string file = lab.Scratch.File("live.pcapng");
        Process printing = Start(
            lab, "dump", "--link", LabNetwork.HostDevice, "-n", "-c", "2", "tcp", "port", "81");
        Process writing = Start(
            lab, "dump", "--link", LabNetwork.HostDevice, "-w", file, "-c", "2",
            "tcp port 81 and tcp[tcpflags] & tcp-rst != 0");
        await LineAsync(printing.StandardError, "listening on");
        await LineAsync(writing.StandardError, "listening on");
        for (int i = 0; i < 2; i++)
            Assert.Throws<SocketException>(() => lab.Host.Run(() => new TcpClient($"{LabNetwork.PeerAddress}", 81)));

        string[] lines = (await printing.StandardOutput.ReadToEndAsync().WaitAsync(s_guard))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await writing.WaitForExitAsync().WaitAsync(s_guard);
        Assert.Matches(@"IP 10\.\S+ > \S+\.81: Flags \[S[EW]*\], seq \d+, win \d+, options \[mss", lines[0]);
        Assert.Matches(@"IP \S+\.81 > 10\.\S+: Flags \[R\.\], seq 0, ack", lines[1]);
        Assert.Contains("2 frames captured", await printing.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal(0, writing.ExitCode);
        Assert.Equal(2, Tshark.Find(file, $"tcp.port == 81 && {Tshark.Resets}").Length);
    }

    [LabFact]
    public async Task A_stack_tells_why_it_drops_frames()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        string address = $"{LabNetwork.Address(50)}";
        Process dump = Start(
            lab, "dump", "--stack", "-n", "--link", LabNetwork.HostDevice, "--address", $"{address}/24");
        await LineAsync(dump.StandardError, "runs on");
        Assert.Throws<SocketException>(() => lab.Peer.Run(() => new TcpClient(address, 81)));

        string line = await LineAsync(dump.StandardOutput, "[dropped: NoListener]");
        Assert.Matches($@"In  IP \S+ > {Regex.Escape(address)}\.81: Flags \[S", line);
        Shell.Run($"kill -INT {dump.Id}");
        string error = await dump.StandardError.ReadToEndAsync().WaitAsync(s_guard);
        await dump.WaitForExitAsync().WaitAsync(s_guard);
        Assert.Equal(0, dump.ExitCode);
        Assert.Matches(@"frames, \d+ dropped: .*NoListener", error);
    }

    /// <summary>Files of Wireshark's own tools: each is read whole, by <c>trace</c> too.</summary>
    [LabFact]
    public void Files_of_other_programs_are_read()
    {
        using var folder = new ScratchFolder();
        string first = folder.File("first"), second = folder.File("second");
        Write(first, 1, 40_001);
        Write(second, 113, 40_002);
        foreach ((string name, string command) in (ReadOnlySpan<(string, string)>)
        [
            ("pcapng", "editcap -F pcapng {0} {2}"), ("nanoseconds", "editcap -F nsecpcap {0} {2}"),
            ("modified", "editcap -F modpcap {0} {2}"), ("cut", "editcap -s 60 {0} {2}"),
            ("comments", "editcap -F pcapng -a 1:remark {0} {2}"), ("interfaces", "mergecap -w {2} {0} {1}"),
            ("sections", "editcap -F pcapng {0} {2}.1 && editcap -F pcapng {1} {2}.2 && cat {2}.1 {2}.2 > {2}"),
            ("compressed", "gzip -c {0} > {2}"),
        ])
        {
            string file = folder.File(name);
            Shell.Run(string.Format(null, command, first, second, file));
            string[] theirs = Shell.Run($"tshark -r {file} -n -T fields -e tcp.seq_raw -e tcp.len 2>/dev/null")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
            string[] ours = Lines($"dotnet {Tool} dump -r {file} -n");
            Assert.True(theirs.Length == ours.Length, $"{name}: {theirs.Length} and {ours.Length}");
            Assert.All(ours, line => Assert.Contains("Flags [", line, StringComparison.Ordinal));
            Assert.Equal(
                theirs.Select(line => line.Split('\t')[1]), ours.Select(line => line[(line.LastIndexOf(' ') + 1)..]));
            string report = folder.File(name + ".html");
            Assert.Contains("40001", Shell.Run($"dotnet {Tool} trace {file} -o {report}"), StringComparison.Ordinal);
        }
    }

    private static void Write(string file, ushort link, ushort port)
    {
        Wrapping wrapping = Wrapping.All.First(wrapping => wrapping.Link == link);
        CaptureBytes capture = new CaptureBytes(isBig: false).Classic(0xA1B2C3D4, link);
        uint sequence = 1;
        for (uint i = 0; i < 5; i++)
        {
            capture.Record(i + 1, i, wrapping.Wrap(CaptureBytes.Segment(port, sequence, 1, 16, (int)i * 10)));
            sequence += i * 10;
        }

        File.WriteAllBytes(file, capture.ToArray());
    }

    // A frame that is cut: tcpdump marks it by the name of the protocol, and shows what it guesses.
    private static bool IsCutShort(string line) => line.Contains("[|", StringComparison.Ordinal);

    // It reads the first line of text of some ports.
    private static string Plain(string line) => Text().Replace(line, "$1");

    private static string[] Lines(string command) =>
        Shell.Run($"{command} 2>/dev/null").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static Process Start(LabNetwork lab, params string[] arguments) =>
        lab.Host.Start("dotnet", [Tool, .. arguments]);

    private static async Task<string> LineAsync(StreamReader reader, string words)
    {
        while (await reader.ReadLineAsync().WaitAsync(s_guard) is { } line)
        {
            if (line.Contains(words, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException($"The tool ended without a line with '{words}'.");
    }

    [GeneratedRegex(@"(, length \d+): .*$")]
    private static partial Regex Text();

    [GeneratedRegex(@"Flags \[.*, length \d+")]
    private static partial Regex Segment();
}
