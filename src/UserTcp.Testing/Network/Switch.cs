namespace UserTcp.Testing.Network;

/// <summary>Joins the links of all hosts: each frame goes to the station that it names, or to all others.</summary>
internal sealed class Switch
{
    private readonly Dictionary<MacAddress, Station> _ports = [];
    private readonly List<Station> _stations = [];

    public void Attach(Station station)
    {
        _ports.Add(station.Mac, station);
        _stations.Add(station);
    }

    public void Forward(Frame frame)
    {
        if (_ports.TryGetValue(frame.Destination, out Station? station))
        {
            station.Link.Incoming.Send(frame);
            return;
        }

        var source = new MacAddress(frame.Bytes[MacAddress.Size..(2 * MacAddress.Size)]);
        foreach (Station other in _stations)
        {
            if (other.Mac != source)
                other.Link.Incoming.Send(frame.Copy());
        }

        frame.Return();
    }
}
