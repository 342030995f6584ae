using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Captures;

/// <summary>Everything that passes an interface, written to a file by tcpdump.</summary>
internal sealed partial class PacketCapture
{
    private readonly NetworkNamespace _ns;
    private readonly IPAddress _broadcast;
    private readonly Process _process;
    private readonly string _log;

    private PacketCapture(NetworkNamespace ns, IPAddress broadcast, Process process, string file, string log)
    {
        _ns = ns;
        _broadcast = broadcast;
        _process = process;
        _log = log;
        File = file;
    }

    public string File { get; }

    /// <summary>Starts and returns when nothing is missed any more.</summary>
    /// <param name="ns">Where.</param>
    /// <param name="device">The interface.</param>
    /// <param name="broadcast">Everybody on that link: the mark of the end is sent there.</param>
    /// <param name="scratch">Where the file goes.</param>
    /// <param name="bytesPerFrame">How much of each frame is kept. Checksums are verified in whole frames only.</param>
    public static async Task<PacketCapture> StartAsync(
        NetworkNamespace ns, string device, IPAddress broadcast, ScratchFolder scratch, int bytesPerFrame)
    {
        string file = scratch.File("capture.pcap");
        string log = scratch.File("tcpdump.log");
        Process process = ns.Start("sh", "-c",
            $"exec tcpdump -i {device} -s {bytesPerFrame} -B 131072 -U -Z root -w {file} 2> {log}");
        await Eventually.TrueAsync(() => process.HasExited || Log(log).Contains("listening on"), "tcpdump listens");
        return process.HasExited
            ? throw new InvalidOperationException($"tcpdump ended: {Log(log)}")
            : new PacketCapture(ns, broadcast, process, file, log);
    }

    /// <summary>
    /// Ends when all that passed before this call is in the file: when a datagram sent now has arrived there. Fails if
    /// a frame was missed.
    /// </summary>
    public async Task StopAsync()
    {
        byte[] mark = new byte[16]; // fits behind the headers of a frame that is cut short
        Random.Shared.NextBytes(mark);
        long start = new FileInfo(File).Length;
        _ns.Run(() => SendMark(mark));
        await Eventually.TrueAsync(() => Holds(start, mark), "the capture has caught up");
        Shell.Run($"kill -INT {_process.Id}");
        await _process.WaitForExitAsync();
        Match dropped = Dropped().Match(Log(_log));
        if (!dropped.Success || dropped.Groups[1].Value != "0")
            throw new InvalidOperationException($"The capture is not whole: {Log(_log)}");
    }

    private void SendMark(byte[] mark)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.EnableBroadcast = true;
        socket.SendTo(mark, new IPEndPoint(_broadcast, 9));
    }

    private bool Holds(long start, byte[] mark)
    {
        using FileStream stream = new(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = start;
        byte[] tail = new byte[stream.Length - start];
        stream.ReadExactly(tail);
        return tail.AsSpan().IndexOf(mark) >= 0;
    }

    private static string Log(string log) => System.IO.File.Exists(log) ? System.IO.File.ReadAllText(log) : "";

    [GeneratedRegex(@"(\d+) packets dropped by kernel")]
    private static partial Regex Dropped();
}
