using System.Runtime.CompilerServices;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Links;

public sealed class CaptureTests
{
    private const string Fields =
        "-T fields -e frame.time_epoch -e frame.packet_flags_direction -e frame.len "
        + "-e tcp.checksum.status -e ip.checksum.status";

    [LabFact]
    public unsafe void Tshark_reads_the_capture_and_finds_every_checksum_right()
    {
        Assert.True(Shell.Exists("tshark"), "The lab needs tshark: apt-get install tshark.");
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pcapng");
        try
        {
            Capture(path);
            string[] lines = Shell.Run(
                $"tshark -r {path} -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE {Fields} 2>/dev/null")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(2, lines.Length);
            Assert.EndsWith("\t0x00000002\t4054\t1\t1", lines[0], StringComparison.Ordinal); // outbound, both good
            Assert.EndsWith("\t0x00000001\t4054\t1\t1", lines[1], StringComparison.Ordinal); // inbound
            Assert.Matches(@"^\d{10}\.\d{9}\t", lines[0]);
            Assert.Equal("", Shell.Run($"tshark -r {path} -Y _ws.malformed 2>/dev/null"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    // A super-segment, sent from one end of a virtual link and received at the other; nobody has finished its checksum.
    private static unsafe void Capture(string path)
    {
        (VirtualLink first, VirtualLink second) = VirtualLink.CreatePair();
        byte[] frame = GC.AllocateArray<byte>(54 + 4000, pinned: true);
        Convert.FromHexString(
            "02000000000b02000000000a0800" + "45000fc8000040004006" + "17150a0900010a090002"
            + "9c4000500000000100000001501002000000" + "0000").CopyTo(frame, 0);
        FinishHeaders(frame);
        var offload = new FrameOffload
        {
            Flags = FrameOffloadFlags.NeedsChecksum,
            Segmentation = SegmentationOffload.TcpV4,
            HeaderLength = 54,
            SegmentSize = 1460,
            ChecksumStart = 34,
            ChecksumOffset = 16,
        };
        using var batch = new RxBatch(1);
        using var capture = new CaptureLink(first, path);
        TxFrame[] frames = [new((byte*)Unsafe.AsPointer(ref frame[0]), frame.Length, null, 0, null, 0, offload)];
        Assert.Equal(1, capture.Transmit(frames));
        Assert.Equal(1, second.Transmit(frames));
        Assert.Equal(1, capture.Receive(batch));
    }

    private static void FinishHeaders(byte[] frame)
    {
        int ip = 0;
        frame[24] = frame[25] = 0;
        for (int i = 14; i < 34; i += 2)
            ip += (frame[i] << 8) | frame[i + 1];
        ip = ~((ip & 0xffff) + (ip >> 16));
        frame[24] = (byte)(ip >> 8);
        frame[25] = (byte)ip;

        int pseudo = 6 + 4020;
        for (int i = 26; i < 34; i += 2)
            pseudo += (frame[i] << 8) | frame[i + 1];
        pseudo = (pseudo & 0xffff) + (pseudo >> 16);
        frame[50] = (byte)(pseudo >> 8);
        frame[51] = (byte)pseudo;
    }
}
