using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Captures;

/// <summary>What Wireshark's eyes see in a capture, with every checksum looked at.</summary>
internal static class Tshark
{
    /// <summary>A RST, whoever sent it.</summary>
    public const string Resets = "tcp.flags.reset == 1";

    /// <summary>
    /// No frame: checksums may be left to the card, and on a cable inside the machine there is no card.
    /// </summary>
    public const string NoChecksum = "frame.number == 0";

    /// <summary>Whatever is wrong with frames of one sender on a clean wire.</summary>
    public static string FaultsOf(MacAddress sender, string badChecksum = BadChecksum) =>
        $"(eth.src == {sender} && ({Malformed} || {badChecksum} || {Retransmission}))";

    public const string BadChecksum =
        "tcp.checksum.status == 0 || ip.checksum.status == 0 || icmp.checksum.status == 0";

    /// <summary>
    /// The same for frames of the kernel: where it finishes a TCP checksum in software it writes 0xffff for zero, which
    /// is the same number in one's complement (RFC 1624 §3) and a fault to tshark. One segment in 65,536 is like that.
    /// </summary>
    public const string BadKernelChecksum =
        "(tcp.checksum.status == 0 && tcp.checksum != 0xffff) || ip.checksum.status == 0 || icmp.checksum.status == 0";

    public const string Retransmission =
        "tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission";

    public const string Malformed =
        "_ws.malformed || tcp.short_segment || tcp.bogus_header_length || ip.bogus_header_length || ip.bogus_ip_length";

    // Text is just data: an ephemeral port may be one that some protocol has registered, whose dissector then finds the
    // text of ours malformed (EtherCAT's did, in one run of ten).
    private const string Options =
        "-n -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -o tcp.desegment_tcp_streams:FALSE "
        + "-d tcp.port==1-65535,data -d udp.port==1-65535,data";

    /// <summary>One line for each frame that passes the display filter.</summary>
    public static string[] Find(string file, string filter) =>
        Shell.Run($"tshark -r {file} {Options} -Y '{filter}' 2>/dev/null")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Fails with the first frames that pass the filter, if any does, and with what led to the first of them.
    /// </summary>
    public static void AssertNone(string file, string filter)
    {
        string[] found = Find(file, filter);
        if (found.Length == 0)
            return;

        string number = found[0].TrimStart().Split(' ')[0];
        string stream = Shell
            .Run($"tshark -r {file} -Y 'frame.number == {number}' -T fields -e tcp.stream 2>/dev/null").Trim();
        string[] before = stream == "" ? [] : Find(file, $"tcp.stream == {stream} && frame.number <= {number}");
        Assert.Fail(
            $"{found.Length} frames are '{filter}':\n{string.Join('\n', found.Take(20))}\n"
            + $"The connection of the first:\n{string.Join('\n', before.TakeLast(30))}");
    }
}
