using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

/// <summary>Links of devices that their owner has opened with SharpPcap.</summary>
public sealed class WrappedPcapLinkTests
{
    private const byte Last = 99;

    [LabFact]
    public void Frames_cross_the_cable_through_a_device_of_libpcap()
    {
        using var lab = new LinkLab();
        PcapLink b = lab.OpenB();
        using LinkDevice a = lab.A.Run(() => PcapLink.Wrap(Open("veth0")));
        a.SetReceiveAddress(MacA);
        byte[] own = Frame(MacAddress.Broadcast, MacA, 3); // somebody repeats what A has sent
        Send(b, Frame(MacA, MacB, 1, 1514), Frame(MacB, MacB, 2), own, Frame(MacA, MacB, Last));

        Assert.Equal("pcap:veth0", a.Info.Name);
        Assert.Equal(1500, a.Info.Mtu);
        Assert.Equal([Frame(MacA, MacB, 1, 1514), Frame(MacA, MacB, Last)], lab.ReceiveUntil(a, Last));
        Assert.Equal(1, Send(a, Frame(MacB, MacA, Last)));
        Assert.Equal([Frame(MacB, MacA, Last)], lab.ReceiveUntil(b, Last));
    }

    [LabFact]
    public void A_file_is_read_to_its_end_which_is_the_end_of_the_link()
    {
        using var scratch = new ScratchFolder();
        string path = scratch.File("frames.pcap");
        using (var writer = new CaptureFileWriterDevice(path))
        {
            writer.Open(LinkLayers.Ethernet);
            writer.Write(Frame(MacA, MacB, 1));
            writer.Write(Frame(MacA, MacB, 2));
        }

        var file = new FileDevice(path);
        file.Open();
        using LinkDevice link = PcapLink.Wrap(file);
        using var batch = new RxBatch();
        var marks = new List<byte>();
        Assert.Throws<LinkDownException>(() =>
        {
            while (link.Wait(Timeout.InfiniteTimeSpan))
            {
                batch.Clear();
                link.Receive(batch);
                for (int i = 0; i < batch.Count; i++)
                    marks.Add(batch[i].Bytes[14]);
            }
        });

        Assert.Equal([1, 2], marks);
    }

    private static LibPcapLiveDevice Open(string name)
    {
        var device = new LibPcapLiveDevice(PcapInterface.GetAllPcapInterfaces().Single(one => one.Name == name));
        device.Open(new DeviceConfiguration { Mode = DeviceModes.Promiscuous, Immediate = true });
        return device;
    }

    /// <summary>A capture file as a device that can also send, for which a file has no use.</summary>
    private sealed class FileDevice(string path) : CaptureFileReaderDevice(path), ILiveDevice
    {
        public void SendPacket(ReadOnlySpan<byte> p, ICaptureHeader? header = null)
        {
        }
    }
}
